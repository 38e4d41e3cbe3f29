"""Student architectures and how they are trained."""
