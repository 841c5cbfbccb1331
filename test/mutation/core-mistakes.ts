// Every mistake that can be planted in the AssemblyScript of `signer-node/dkls23/core/`: one token of
// one line becomes another, or one statement that stands alone goes away. Text is changed, not a
// tree: what does not compile afterwards is counted apart.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './reach.ts'

const folder = 'signer-node/dkls23/core'

export interface Mistake {
  readonly file: string
  /** Counted from 1. */
  readonly line: number
  readonly column: number
  readonly was: string
  readonly is: string
}

/** In the order in which they are looked for; `from` is matched at any place of a line. */
const changes: readonly { readonly from: RegExp; readonly to: (was: string) => string }[] = [
  { from: /(?<![\w.])\d+(?!\w)/g, to: (was) => String(Number(was) + 1) },
  { from: /0x[0-9a-f]+/g, to: (was) => `0x${(BigInt(was) ^ 1n).toString(16)}` },
  { from: / \+ /g, to: () => ' - ' },
  { from: / - /g, to: () => ' + ' },
  { from: / \* /g, to: () => ' + ' },
  { from: / \^ /g, to: () => ' | ' },
  { from: / \| /g, to: () => ' & ' },
  { from: / & /g, to: () => ' | ' },
  { from: / >>>? /g, to: () => ' << ' },
  { from: / << /g, to: () => ' >> ' },
  { from: / < /g, to: () => ' <= ' },
  { from: / >= /g, to: () => ' > ' },
  { from: / === /g, to: () => ' !== ' },
  { from: /v128\.xor/g, to: () => 'v128.or' },
  { from: /v128\.(and|andnot)\b/g, to: (was) => (was === 'v128.and' ? 'v128.or' : 'v128.and') },
  { from: /v128\.or\b/g, to: () => 'v128.and' },
  { from: /i64x2\.shl/g, to: () => 'i64x2.shr_u' },
  { from: /i64x2\.shr_u/g, to: () => 'i64x2.shl' },
  { from: /(?<=^ +)[\w.<>]+\(.*\)$/g, to: () => '' },
]

export function mistakes(): readonly Mistake[] {
  return readdirSync(join(root, folder))
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => ofFile(file, readFileSync(join(root, folder, file), 'utf8')))
}

/** The source with the mistake, where it is of this file. */
export function planted(path: string, source: string, { file, ...place }: Mistake): string {
  if (!path.endsWith(`${folder}/${file}`)) return source
  const { line, column, was, is } = place
  const lines = source.split('\n')
  const text = lines[line - 1] ?? ''
  if (!text.startsWith(was, column)) throw new Error(`${file}:${line} does not read ${was}`)
  lines[line - 1] = text.slice(0, column) + is + text.slice(column + was.length)
  return lines.join('\n')
}

function ofFile(file: string, source: string): readonly Mistake[] {
  return source.split('\n').flatMap((text, at) => {
    if (/^( *\/?\*|import|export (function|const)|function|\} from| *\/\/)/.test(text)) return []
    return changes.flatMap(({ from, to }) =>
      [...text.matchAll(from)].flatMap(({ 0: was, index: column }): readonly Mistake[] => {
        const is = to(was)
        return is === was ? [] : [{ file, line: at + 1, column, was, is }]
      }),
    )
  })
}
