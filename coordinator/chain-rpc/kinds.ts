// How the kinds of networks are reached: one line for each, and the only list to extend when one is
// added. How: docs/chains.md. Read by `reach.ts` alone.
export { evmKind } from './evm-kind.ts'
export { tronKind } from './tron-kind.ts'
