/**
 * WebAssembly as the engine offers it: the few names that are used, which Node's types leave out.
 * It decides nothing about a module; who calls it knows the bytes.
 */

declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown }
}

/** The exports of a new instance, with a memory of its own. */
export function instantiate(bytes: Uint8Array, imports: object = {}): unknown {
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), imports).exports
}
