"""The nouns that rules speak of: Dockerfile, build context, layer, finding."""
