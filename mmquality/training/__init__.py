"""From embeddings and clicks to a trained network: warm start, batches, the loop, folds."""
