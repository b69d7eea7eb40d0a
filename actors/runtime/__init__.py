"""What actors stand on: no word of the domain in here."""
