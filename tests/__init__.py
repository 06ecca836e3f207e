"""What belongs to no one room: the import map, the set-up, journeys in a browser; and the fixtures every room uses."""
