"""What implements the ports: watching, hashing, inspecting, runtimes, transports, the data door, child
processes.
"""
