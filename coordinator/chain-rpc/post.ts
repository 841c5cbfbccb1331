// One question to a stranger over HTTP: JSON there, JSON back, bounded in time and size, no
// redirect. Messages name endpoints by their place in the configuration, because urls carry access
// keys.
import { Unavailable } from '../../proto/unavailable.ts'

export interface Question {
  readonly url: string
  /** Shown in messages, with what was asked. */
  readonly name: string
  readonly about: string
  readonly body: object
  readonly timeoutMs: number
  readonly answerBytesMax: number
  /** Whether an answer of this HTTP status is read at all. */
  readonly reads: (status: number) => boolean
}

/** Throws `Unavailable` for everything that is no JSON of the endpoint's own. */
export async function post(question: Question): Promise<unknown> {
  const { url, name, about, body, timeoutMs, reads } = question
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    })
    if (!reads(response.status)) {
      await response.body?.cancel()
      throw unavailable(`${name}: status ${response.status} to ${about}`)
    }
    const answer: unknown = JSON.parse(await readBounded(response, question))
    return answer
  } catch (error) {
    if (error instanceof Unavailable) throw error
    const reason = error instanceof Error ? error.name : 'error'
    throw unavailable(`${name}: no answer to ${about} (${reason})`, error)
  }
}

async function readBounded(response: Response, question: Question): Promise<string> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of response.body ?? []) {
    length += part.length
    if (length > question.answerBytesMax) {
      throw unavailable(`${question.name}: an answer of too many bytes`)
    }
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

/** Undefined where it is not there. */
export function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) {
    throw unavailable(`expected an object with ${name}`)
  }
  return Object.getOwnPropertyDescriptor(value, name)?.value
}

export function unavailable(because: string, cause?: unknown): Unavailable {
  return new Unavailable(because, 'CHAIN_UNAVAILABLE', cause)
}

/** What a stranger wrote, bounded and on one line. */
export function show(text: string): string {
  const line = text.replace(/[^ -~]+/g, ' ')
  return line.length > 200 ? `${line.slice(0, 197)}...` : line
}
