// The other end of the operator's socket: one command to the node that runs on this machine, one
// answer. Only who may open the socket is heard, and only this machine's node answers.
import { createConnection } from 'node:net'
import type { Json } from '../proto/jcs.ts'
import { isReasonCode } from '../proto/reasons.ts'
import { refuse } from '../proto/refusal.ts'
import { Unavailable } from '../proto/unavailable.ts'

const patienceMs = 10_000
/** A token may be far away, and slow. */
export const tokenPatienceMs = 180_000

/** The node's status after the command, or what was asked; refuses what the node refused. */
export async function tellAdmin(
  socket: string,
  command: Json,
  timeoutMs = patienceMs,
): Promise<object> {
  const line = `${JSON.stringify(command)}\n`
  const answer: unknown = JSON.parse(await exchange(socket, line, timeoutMs))
  const said = typeof answer === 'object' && answer !== null ? answer : {}
  if ('status' in said && typeof said.status === 'object' && said.status !== null) {
    return said.status
  }
  if (Object.keys(said).length > 0 && !('refused' in said)) return said
  const code = 'refused' in said ? String(said.refused) : ''
  const because = 'because' in said ? String(said.because) : 'the node gave no answer'
  return refuse(isReasonCode(code) ? code : 'INTERNAL', because)
}

function exchange(socket: string, line: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let heard = ''
    const gone = (why: string) => reject(new Unavailable(`no node answers at ${socket}: ${why}`))
    const connection = createConnection(socket, () => connection.write(line))
    connection.setEncoding('utf8')
    connection.setTimeout(timeoutMs, () => connection.destroy(new Error('timed out')))
    connection.on('error', (error) => gone(error.message))
    connection.on('close', () => gone('it hung up'))
    connection.on('data', (chunk: string) => {
      heard += chunk
      if (!heard.includes('\n')) return
      resolve(heard.slice(0, heard.indexOf('\n')))
      connection.destroy()
    })
  })
}
