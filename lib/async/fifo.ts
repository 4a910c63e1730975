/** A queue whose both ends cost the same, however long it is. */
export interface Fifo<T> {
  readonly size: number;
  push(item: T): void;
  /** Returns the oldest item, or `undefined` without one. */
  shift(): T | undefined;
  clear(): void;
}

interface Cell<T> {
  readonly item: T;
  next: Cell<T> | undefined;
}

export function fifo<T>(): Fifo<T> {
  return new LinkedFifo();
}

class LinkedFifo<T> implements Fifo<T> {
  size = 0;
  private first: Cell<T> | undefined = undefined;
  private last: Cell<T> | undefined = undefined;

  push(item: T): void {
    const cell: Cell<T> = { item, next: undefined };
    if (this.last === undefined) this.first = cell;
    else this.last.next = cell;
    this.last = cell;
    this.size++;
  }

  shift(): T | undefined {
    const { first } = this;
    if (first === undefined) return undefined;
    this.first = first.next;
    if (first.next === undefined) this.last = undefined;
    this.size--;
    return first.item;
  }

  clear(): void {
    this.first = this.last = undefined;
    this.size = 0;
  }
}
