"""What the machine itself allows, measured in the same run, and how near a row comes to it."""

import json
import subprocess

# The steps that no broker can leave out, as sums of limits' CPU seconds per GB, by what a row does.
DURABLE_PRODUCE = ("tcp_receive", "crc32c", "memcpy", "direct_dsync_1m", "buffered_append_128k")
PRODUCE = ("tcp_receive", "crc32c", "buffered_append_128k")
FETCH = ("tcp_send",)
# With TLS every byte is decrypted or encrypted.
DECRYPT, ENCRYPT = ("aes128_gcm_open",), ("aes128_gcm_seal",)


def measure(binary, directory):
    """`millrace bench machine`: ({limit: {gb_per_s, cpu_s_per_gb, p50_ms, p99_ms}}, None), or (None, why not)."""
    answer = subprocess.run([str(binary), "bench", "machine", "-o", "json", "--directory", str(directory)],
                            capture_output=True, text=True)
    lines = [line for line in answer.stdout.splitlines() if line.startswith("{")]
    if answer.returncode != 0 or not lines:
        return None, f"{binary} has no `bench machine`: no ratios to the machine's limits"
    return json.loads(lines[-1])["limits"], None


def steps(row_name):
    """The steps below a row, or None where no floor is meant (small requests, HTTP, compressed payloads)."""
    name = row_name.removeprefix("own-")
    if any(word in name for word in ("lz4", "zstd", "kcat", "mixed", "latency", "e2e", "records", "tail")):
        return None
    is_encrypted = "tls" in name
    if name.startswith("produce"):
        return (PRODUCE if "nosync" in name else DURABLE_PRODUCE) + (DECRYPT if is_encrypted else ())
    return FETCH + (ENCRYPT if is_encrypted else ()) if name.startswith("consume") else None


def floor(row_name, limits):
    """CPU seconds per GB that the machine needs for a row's unavoidable steps, or None."""
    needed = steps(row_name)
    if not limits or not needed:
        return None
    parts = [limits.get(step, {}).get("cpu_s_per_gb") for step in needed]
    return None if None in parts else sum(parts)
