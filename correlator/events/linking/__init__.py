"""Link texts to the instruments they concern, with evidence."""
