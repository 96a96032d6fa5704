"""Lists as files over HTTP: how they are read, their scores as they are made, and files of them."""
