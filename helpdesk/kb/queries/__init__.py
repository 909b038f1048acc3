"""What is asked of the knowledge base: who may see what, lists, one article with its parts."""
