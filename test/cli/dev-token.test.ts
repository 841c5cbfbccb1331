import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

interface Solc {
  readonly compile: (input: string) => string
}

const root = join(import.meta.dirname, '..', '..')

describe('the USDT stand-in of the development chain', () => {
  it('has the bytecode that its source compiles to', () => {
    const solc = createRequire(import.meta.url)('solc') as Solc
    const content = readFileSync(join(root, 'cli', 'dev-token.sol'), 'utf8')
    const input = {
      language: 'Solidity',
      sources: { 'dev-token.sol': { content } },
      settings: {
        optimizer: { enabled: true, runs: 200 },
        metadata: { bytecodeHash: 'none' },
        outputSelection: { '*': { '*': ['evm.bytecode.object'] } },
      },
    }
    const output = JSON.parse(solc.compile(JSON.stringify(input)))
    const kept = JSON.parse(readFileSync(join(root, 'cli', 'dev-token.json'), 'utf8'))
    expect(output.contracts['dev-token.sol'].UsdtStandIn.evm.bytecode.object).toBe(kept.bytecode)
  })
})
