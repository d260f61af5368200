// Sends one burst of requests for each line of standard input, and writes what came of it.
//
// A line: {"url", "connections", "seconds", "requests": [{"method", "path", "headers", "body"}]}
import { createInterface } from 'node:readline'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'

const autocannon = createRequire(resolve(process.argv[2], 'package.json'))('autocannon')

console.log(JSON.stringify('ready'))
for await (const line of createInterface({ input: process.stdin })) {
  const { url, connections, seconds, requests } = JSON.parse(line)
  const burst = await autocannon({ url, connections, duration: seconds, requests, timeout: 20 })
  console.log(JSON.stringify({
    answers: burst['2xx'],
    failures: burst.errors + burst.non2xx,
    seconds: burst.duration,
    p99: burst.latency.p99 / 1000,
  }))
}
