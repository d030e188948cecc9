-- Sends one kind of request. Each thread has one of the addresses, so that several pods get equal shares.
local addresses = {}
for host, port in string.gmatch(os.getenv("WRK_ADDRESSES"), "([%d.]+):(%d+)") do
  table.insert(addresses, { host = host, port = port })
end

local threads = 0
function setup(thread)
  local address = addresses[threads % #addresses + 1]
  thread.addr = wrk.lookup(address.host, address.port)[1]
  threads = threads + 1
end

function init()
  wrk.method = os.getenv("WRK_METHOD")
  for line in string.gmatch(os.getenv("WRK_HEADERS"), "[^\n]+") do
    local name, value = string.match(line, "([^:]+): (.*)")
    wrk.headers[name] = value
  end
  local body = os.getenv("WRK_BODY")
  if body ~= "" then
    wrk.body = body
  end
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(
    string.format(
      '\n{"requests":%d,"failed":%d,"seconds":%.6f,"p50Ms":%.3f,"p99Ms":%.3f}\n',
      summary.requests,
      failed,
      summary.duration / 1e6,
      latency:percentile(50) / 1000,
      latency:percentile(99) / 1000
    )
  )
end
