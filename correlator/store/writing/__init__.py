"""Write frames to tables: idempotent inserts that return how many rows were new and how many already stored."""
