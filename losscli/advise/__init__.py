"""What columns mean, and which losses fit them."""
