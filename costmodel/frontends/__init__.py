"""Front ends: each turns one notation of a network into the same Graph."""
