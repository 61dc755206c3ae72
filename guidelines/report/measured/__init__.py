"""Networks on the clock beside their predictions; a file a format."""
