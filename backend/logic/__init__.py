"""Pure decisions: time, chance and facts come in as arguments, commands come out."""
