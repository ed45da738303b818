"""Every limit of the SDK, in one place. Seconds and bytes, as the names say."""

PROTOCOL_VERSION = 1
SDK_VERSION = "0.1.0"

# A worker may start before its parameter server: its socket need not exist yet.
START_SECONDS = 60.0
# A parameter server that died is started again by the agent, with back-off.
REJOIN_SECONDS = 180.0
RETRY_FIRST_SECONDS = 0.1
RETRY_MAX_SECONDS = 2.0
# Who waits is told so this often.
TELL_SECONDS = 3.0

# Join, Leave, ReportEvaluation.
CALL_SECONDS = 30.0
# Goodbye must not hold up the exit of the process.
LEAVE_SECONDS = 3.0
# The server answers "ask again" after a minute; it may be slow to, on a busy machine.
LEASE_SECONDS = 300.0
# A synchronous group answers a step when its last member has stepped.
STEP_SECONDS = 1800.0

MESSAGE_BYTES_MAX = 64 * 1024 * 1024
CHUNK_BYTES = 1024 * 1024
# The receiving window of a parameter pull over the network.
WINDOW_BYTES = 16 * 1024 * 1024

GROUPS_MAX = 64
SESSION_ID_BYTES_MAX = 28
ANSWER_TEXT_BYTES_MAX = 64 * 1024
SAFETENSORS_HEADER_BYTES_MAX = 100 * 1024 * 1024
