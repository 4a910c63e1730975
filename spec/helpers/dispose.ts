/** Ends what `using` would end, also where the host has no `Symbol.dispose`. */
export function disposeOf(disposable: Disposable): void {
  using _ = disposable;
}
