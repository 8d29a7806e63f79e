"""When the model is trained anew, and how the candidate comes before people: never by itself into production."""
