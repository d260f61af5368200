// Sends one burst of requests for each line of standard input, and writes the result.
//
// A line: {"url", "connections", "seconds", "requests": [{"method", "path", "headers", "body"}]}.
// Without seconds, each connection sends a few requests, however long they take.
import { createInterface } from 'node:readline'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'

const autocannon = createRequire(resolve(process.argv[2], 'package.json'))('autocannon')

console.log(JSON.stringify('ready'))
for await (const line of createInterface({ input: process.stdin })) {
  const { url, connections, seconds, requests } = JSON.parse(line)
  const length = seconds ? { duration: seconds } : { amount: 4 * connections, sampleInt: 50 }
  const burst = await autocannon({ url, connections, requests, timeout: 20, ...length })
  const statuses = Object.entries(burst.statusCodeStats)
  const failures = statuses.filter(([status]) => !status.startsWith('2'))
  console.log(JSON.stringify({
    responses: burst['2xx'],
    failures: [
      ...failures.map(([status, { count }]) => `${count} with status ${status}`),
      ...(burst.errors ? [`${burst.errors} without a response`] : []),
    ],
    seconds: burst.duration,
    p99: burst.latency.p99 / 1000,
  }))
}
