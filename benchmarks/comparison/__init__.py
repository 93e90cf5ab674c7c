"""The connector compared with a stock manifest, the published connector and a floor."""
