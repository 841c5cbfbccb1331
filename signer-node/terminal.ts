// The terminal of whoever runs a program by hand: questions, answers, and a secret that is typed
// unseen. It is the controlling terminal, so it can be asked while input and output go elsewhere.
// INVARIANT: what is typed unseen stands in no string; chunks and the line are wiped. Bounded.
import { closeSync, openSync, writeSync } from 'node:fs'
import { ReadStream } from 'node:tty'
import { fromUtf8 } from '../proto/crypto.ts'
import { refuse } from '../proto/refusal.ts'
import { Secret } from './dkls23/secret.ts'

export interface Terminal {
  say(text: string): void
  line(question: string): Promise<string>
  /** The caller disposes of it. */
  secret(question: string): Promise<Secret>
  close(): void
}

const lineMax = 512
const [interrupt, end, backspace, newline, enter, erase] = [3, 4, 8, 10, 13, 127] as const

/** Undefined where there is none. */
export function openTerminal(path = '/dev/tty'): Terminal | undefined {
  try {
    const out = openSync(path, 'w')
    const input = new ReadStream(openSync(path, 'r'))
    return terminalOn(input, out)
  } catch {
    return undefined
  }
}

function terminalOn(input: ReadStream, out: number): Terminal {
  const say = (text: string): void => void writeSync(out, text)
  const typed = async (question: string, isShown: boolean): Promise<Uint8Array> => {
    // First: whoever answers the question at once would be shown.
    input.setRawMode(true)
    say(question)
    try {
      return await readLine(input, isShown ? say : () => {})
    } finally {
      input.setRawMode(false)
      say('\n')
    }
  }
  return {
    say,
    secret: async (question) => new Secret(await typed(question, false)),
    line: async (question) =>
      fromUtf8(await typed(question, true)) ?? refuse('CONFIG', 'expected UTF-8 text'),
    close: () => {
      input.destroy()
      closeSync(out)
    },
  }
}

/** Up to the end of one line; `shown` hears each character that counts. */
function readLine(input: ReadStream, shown: (text: string) => void): Promise<Uint8Array> {
  const line = new Uint8Array(new ArrayBuffer(lineMax))
  let length = 0
  return new Promise((resolve, reject) => {
    const over = (work: () => void): void => {
      input.off('data', take)
      input.pause()
      work()
      line.fill(0)
    }
    const refused = (because: string) => () => {
      try {
        refuse('CONFIG', because)
      } catch (error) {
        reject(error)
      }
    }
    const take = (chunk: Buffer): void => {
      for (const character of chunk) {
        if (character === enter || character === newline) {
          over(() => resolve(Uint8Array.from(line.subarray(0, length))))
          break
        }
        if (character === interrupt || character === end) {
          over(refused('interrupted at the terminal'))
          break
        }
        if (character === backspace || character === erase) {
          length = Math.max(0, length - 1)
        } else if (length === lineMax) {
          over(refused(`expected at most ${lineMax} characters`))
          break
        } else {
          line[length] = character
          length += 1
          shown(String.fromCharCode(character))
        }
      }
      chunk.fill(0)
    }
    input.on('data', take)
    input.resume()
  })
}
