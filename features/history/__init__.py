"""What was known of every account at any moment: posts, follower counts, profiles, deals."""
