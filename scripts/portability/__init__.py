"""The published document, tried with the generators that partners use."""
