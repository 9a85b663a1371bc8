import type { KernelMemory, KernelRoom } from '@maskloom/core';
import { align, newSlot, type Slot, type SlotBytes } from './slot.ts';

/** As far as it is needed here: the language's own type declarations have no WebAssembly. */
declare const WebAssembly: {
  Memory: new (descriptor: { initial: number; maximum: number; shared: boolean }) => KernelMemory;
};

/** How the slots of a ring reach whoever computes. */
export type Sharing =
  /** In one shared WebAssembly memory, or else in shared memory. */
  | 'shared'
  /** As part of a message, and back: for browsers without cross-origin isolation. */
  | 'transfer'
  /** Computed in the calling thread. */
  | 'inline';

/** How worker threads get at slots in this runtime. */
export function sharingOfThreads(): Sharing {
  return typeof SharedArrayBuffer === 'function' ? 'shared' : 'transfer';
}

/** What a ring is made for. */
export interface RingShape {
  readonly sharing: Sharing;
  readonly slots: number;
  readonly slotBytes: number;
  /** One for each worker, for its kernel to work in. */
  readonly rooms: number;
  readonly roomBytes: number;
}

const pageBytes = 65536;
const mostPages = 65536;
let rings = 0;

/** The number that the next ring gets: all older ones have smaller numbers. */
export function nextRing(): number {
  return rings;
}

/**
 * The memory of a stream: its slots and, where it is a WebAssembly memory, a room for the kernel of each worker, which
 * thus writes finished columns straight into slots.
 */
export class Ring {
  readonly id: number = rings++;
  readonly shape: RingShape;
  /** Undefined where slots have memory of their own, because there is no WebAssembly or no room. */
  readonly memory: KernelMemory | undefined;
  readonly slots: readonly Slot[];
  /** Whether one of its slots was lost with a worker, so that no other stream may have it. */
  damaged = false;

  constructor(shape: RingShape) {
    this.shape = shape;
    const { sharing, slots, slotBytes, rooms, roomBytes } = shape;
    const first = rooms * roomBytes;
    const memory =
      sharing === 'transfer' ? undefined : newMemory(first + slots * align(slotBytes), sharing);
    this.memory = memory;
    this.slots = Array.from({ length: slots }, (_, index) =>
      memory === undefined
        ? newSlot(slotBytes, sharing === 'shared')
        : {
            buffer: memory.buffer as SlotBytes,
            start: first + index * align(slotBytes),
            bytes: slotBytes,
          },
    );
  }

  /** The room of a worker. */
  room(worker: number): KernelRoom | undefined {
    const { memory, shape } = this;
    return memory && { memory, start: worker * shape.roomBytes, bytes: shape.roomBytes };
  }

  /** Whether it can serve another stream. */
  fits(shape: RingShape): boolean {
    // What was transferred is gone.
    const whole = !this.damaged && shape.sharing !== 'transfer';
    return whole && this.shape.slotBytes >= shape.slotBytes && this.shape.slots === shape.slots;
  }
}

function newMemory(bytes: number, sharing: Sharing): KernelMemory | undefined {
  const pages = Math.ceil(bytes / pageBytes);
  if (pages > mostPages) return undefined;
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: sharing === 'shared' });
  } catch {
    return undefined;
  }
}
