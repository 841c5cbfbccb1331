// Text of somebody else on its way to a screen. A coordinator may send anything in a state, a name
// or a reason, and what moves the cursor, breaks the line or turns its direction could draw over
// what was rendered here: no client ever holds such text.
// INVARIANT: bytes are untouched, so nothing that is signed or hashed changes.
// Judges no word: what the text says is still only what the server says.

/** Control, format, line and paragraph separators, lone surrogates. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/** One line that shows everything it holds. */
export function lineText(text: string): string {
  return text.replace(unseen, '\u{fffd}')
}

/** Every text in a message that was just read; the message itself is changed. */
export function makeLines<T extends object>(message: T): T {
  for (const [name, value] of Object.entries(message)) {
    if (typeof value === 'string') Reflect.set(message, name, lineText(value))
    else if (isMessage(value)) makeLines(value)
  }
  return message
}

function isMessage(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array)
}
