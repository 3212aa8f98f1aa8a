"""Quality and cost of this project's net beside named peers, on the same folds."""
