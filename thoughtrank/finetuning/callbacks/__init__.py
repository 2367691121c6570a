"""Lightning callbacks: checkpoints, the step log, throughput, divergence, memory."""
