"""Making sense of what workers write; for now, masking what must not leave."""
