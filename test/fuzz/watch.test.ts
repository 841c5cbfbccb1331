// Whoever watches the fuzzer: a machine that has other work is no hang, and a hang is one.
import { spawn } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { type End, type Patience, watched } from './watch.ts'

const patient = { cpuMsMax: 60_000, silenceMsMax: 60_000, pollMs: 20 }
const burn = `(ms) => {
  const begun = process.cpuUsage()
  for (let spent = 0; spent < ms; ) {
    const { user, system } = process.cpuUsage(begun)
    spent = (user + system) / 1000
  }
}`

async function watch(script: string, patience: Partial<Patience>) {
  const child = spawn(process.execPath, ['-e', `const burn = ${burn}; ${script}`], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const heard: unknown[] = []
  const end: End = await watched(child, { ...patient, ...patience }, (said) => heard.push(said))
  return { end, heard, signal: child.signalCode }
}

describe('the watch over a fuzzer', () => {
  it('ends one that works on and says nothing', async () => {
    const { end, heard, signal } = await watch('process.send(1, () => burn(Infinity))', {
      cpuMsMax: 250,
    })
    expect({ end, heard, signal }).toEqual({ end: 'hang', heard: [1], signal: 'SIGKILL' })
  })

  it('ends one that waits for what never comes', async () => {
    const { end, signal } = await watch('setInterval(() => {}, 1000)', { silenceMsMax: 600 })
    expect({ end, signal }).toEqual({ end: 'hang', signal: 'SIGKILL' })
  })

  it('lets one go on that gets no processor, before its first word and after', async () => {
    const pause = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 900)'
    const script = `${pause}; process.send(1, () => { ${pause}; process.disconnect() })`
    const { end, heard } = await watch(script, { cpuMsMax: 800 })
    expect({ end, heard }).toEqual({ end: 'done', heard: [1] })
  })

  it('lets one go on that works long and says how far it is', async () => {
    const step =
      '(n) => n === 0 ? process.disconnect() : process.send(n, () => { burn(150); step(n - 1) })'
    const { end, heard } = await watch(`const step = ${step}; step(4)`, { cpuMsMax: 450 })
    expect({ end, heard }).toEqual({ end: 'done', heard: [4, 3, 2, 1] })
  })

  it('says so of one that died', async () => {
    expect((await watch('process.send(1, () => process.exit(1))', {})).end).toBe('died')
  })
})
