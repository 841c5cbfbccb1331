// The screen and keys of somebody in the room: lines for a rehearsal, a terminal where money is.
import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { atTerminal, playedBy } from '../../signer-node/ceremony/room-terminal.ts'
import { refusal, refusedWith } from '../kit/refused.ts'

function played() {
  const input = new PassThrough()
  const said: string[] = []
  const output = { write: (line: string) => said.push(line) > 0 }
  return { input, said, terminal: playedBy(input, output, 'dev') }
}

describe('a room that is played', () => {
  it('asks in lines of JSON and takes one line for an answer', async () => {
    const { input, said, terminal } = played()
    terminal.say('hello')
    const asked = terminal.ask('tail', 'last six: ')
    input.write('abc')
    input.write('def\nno')
    expect(await asked).toBe('abcdef')
    const other = terminal.line('and: ')
    input.write('w\n')
    expect(await other).toBe('now')
    expect(said.map((line) => JSON.parse(line))).toEqual([
      { say: 'hello' },
      { ask: 'tail', question: 'last six: ' },
      { ask: 'line', question: 'and: ' },
    ])
  })

  it('gives a PIN as bytes, and wipes the chunk in which it came', async () => {
    const { input, terminal } = played()
    const asked = terminal.pad.secret('PIN: ')
    const chunk = Buffer.from('1234\n')
    input.emit('data', chunk)
    using pin = await asked
    expect(Buffer.from(pin.bytes).toString()).toBe('1234')
    expect(chunk.every((byte) => byte === 0)).toBe(true)
  })

  it('refuses what is no text, and whoever went away', async () => {
    const { input, terminal } = played()
    const asked = terminal.line('name: ')
    input.write(Buffer.from([0xff, 0x0a]))
    expect(await refusal(asked)).toBe('CONFIG: expected UTF-8 text')
    const left = terminal.line('name: ')
    input.end()
    expect(await refusal(left)).toBe('CONFIG: nobody answers any more')
  })

  it('is none in production, where there is a terminal or nothing', () => {
    const input = new PassThrough()
    expect(refusedWith(() => playedBy(input, { write: () => true }, 'prod'))).toBe('CONFIG')
    expect(refusedWith(() => playedBy(input, { write: () => true }, 'dev'))).toBe('accepted')
    expect(refusedWith(() => atTerminal(undefined))).toBe('CONFIG')
  })
})
