"""The page: where agents and leads look, ask and decide in a browser."""
