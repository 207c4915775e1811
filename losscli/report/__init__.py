"""From states to answers: results, gates, baselines, saved documents, and comparisons."""
