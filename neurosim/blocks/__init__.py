"""The written word: blocks of fields, their numbers and units, and YAML files of them."""
