#!/usr/bin/env node
// The `custody` program: the one place where its verbs meet the real world of clock, randomness,
// terminal and process. Everything else is `run.ts` and a file for each verb.
// Questions and progress go to stderr, the answer to stdout.
import { run } from './run.ts'
import type { World } from './verb.ts'

const world: World = {
  nowMs: Date.now,
  random: (length) => crypto.getRandomValues(new Uint8Array(length)),
  ask: async (message, hidden) => {
    if (!process.stdin.isTTY) return undefined
    const { isCancel, password, text } = await import('@clack/prompts')
    // Questions go to stderr: stdout is for the answer.
    const output = process.stderr
    const typed = await (hidden ? password({ message, output }) : text({ message, output }))
    return isCancel(typed) ? undefined : typed
  },
  say: (shown) => process.stderr.write(shown),
  pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  profile: process.env['CUSTODY_PROFILE'],
}

const { exit, stdout, stderr } = await run(process.argv.slice(2), world)
process.stdout.write(stdout)
process.stderr.write(stderr)
process.exitCode = exit
