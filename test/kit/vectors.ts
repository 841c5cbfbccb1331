/** The published vectors of the threshold protocol, by name, and the hex they are written in. */

import { readFileSync } from 'node:fs'

const file = new URL('../vectors/dkls23/vectors.json', import.meta.url)
const values: Readonly<Record<string, string>> = JSON.parse(readFileSync(file, 'utf8'))

export function vector(name: string): string {
  const value = values[name]
  if (value === undefined) throw new Error(`there is no vector named ${name}`)
  return value
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

export function unhex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex'))
}
