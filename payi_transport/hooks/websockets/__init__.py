"""websockets: https://websockets.readthedocs.io"""
