// Times the rows of the codec bench, in a process of its own, so that no other work shares its heap or its compiler.

import { serveMethods } from '../../machine/rpc.ts';
import { codecCases } from './cases.ts';
import { nsPerOperation } from './timing.ts';

const methods = {
  time({ id, ms }: { readonly id: string; readonly ms: number }) {
    const found = codecCases.find((codecCase) => codecCase.id === id);
    if (found === undefined) throw new Error(`no row ${id}`);
    return nsPerOperation(found.run, ms);
  },
};
export type TimingMethods = typeof methods;
serveMethods(methods);
