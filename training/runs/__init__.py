"""What a run says of a training: name, description, parameters, metrics, pictures, model card."""
