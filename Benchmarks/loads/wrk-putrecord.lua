-- Single PutRecord calls for wrk: the request of wrk.py, and its percentiles as one JSON line.
local body, target = os.getenv("WRK_BODY"), "Kinesis_20131202.PutRecord"

wrk.method = "POST"
wrk.body = body
wrk.headers["Content-Type"] = "application/x-amz-json-1.1"
wrk.headers["X-Amz-Target"] = target
wrk.headers["X-Amz-Date"] = os.getenv("WRK_DATE")
wrk.headers["Authorization"] = os.getenv("WRK_AUTHORIZATION")

function done(summary, latency, requests)
    local refused = summary.errors.status
    local broken = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
    io.write(string.format(
        '\n{"requests": %d, "microseconds": %d, "refused": %d, "broken": %d, "p50_ms": %.3f, "p90_ms": %.3f, '
            .. '"p99_ms": %.3f, "p999_ms": %.3f, "max_ms": %.3f}\n',
        summary.requests, summary.duration, refused, broken, latency:percentile(50) / 1000,
        latency:percentile(90) / 1000, latency:percentile(99) / 1000, latency:percentile(99.9) / 1000,
        latency.max / 1000))
end
