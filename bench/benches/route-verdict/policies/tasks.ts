// Tasks whose answers are known, made from templates by a seed: four kinds, each easy and hard. Answers are JSON, so that they are right or not.

import type { JsonObject } from '../../../../codecs/json/object.ts';
import { randomFrom } from '../../../figures/statistics.ts';

export const KINDS = ['extraction', 'arithmetic', 'classification', 'form'] as const;

export interface KnownTask {
  /** Stands in its text, so that a model of the bench knows what it is asked. */
  readonly id: string;
  readonly kind: (typeof KINDS)[number];
  readonly isHard: boolean;
  readonly text: string;
  /** JSON Schema of the answer. */
  readonly schema: JsonObject;
  readonly answer: JsonObject;
  /** Has the form of an answer, and is none. */
  readonly wrong: JsonObject;
}

type Written = Pick<KnownTask, 'text' | 'answer' | 'wrong' | 'schema'>;

interface Dice {
  below(limit: number): number;
  pick<T>(items: readonly T[]): T;
}

/** Share of the tasks that are hard. */
const HARD = 0.4;

/** Makes the same tasks for the same seed. */
export function makeTasks(count: number, seed: number): readonly KnownTask[] {
  const next = randomFrom(seed);
  const below = (limit: number) => Math.floor(next() * limit);
  const dice: Dice = { below, pick: (items) => items[below(items.length)] as (typeof items)[number] };
  return Array.from({ length: count }, (_, index) => {
    const kind = KINDS[index % KINDS.length] as KnownTask['kind'];
    const isHard = next() < HARD;
    const id = `T-${String(index).padStart(4, '0')}`;
    const { text, ...written } = TEMPLATES[kind](dice, isHard);
    return { id, kind, isHard, text: `Ticket ${id}. ${text}`, ...written };
  });
}

const NAMES = ['Anna', 'Boris', 'Chidi', 'Dana', 'Emil', 'Fatima', 'Gita', 'Hugo', 'Ines', 'Jonas', 'Kofi', 'Lena'];
const CITIES = ['Lyon', 'Porto', 'Graz', 'Turku', 'Ghent', 'Brno', 'Split', 'Cork', 'Vilnius', 'Malmo'];
const LABELS = ['billing', 'delivery', 'damage', 'praise'] as const;
const SAID: Readonly<Record<(typeof LABELS)[number], string>> = {
  billing: 'the amount on the invoice is wrong',
  delivery: 'the parcel has not come yet',
  damage: 'the box was open and a part was broken',
  praise: 'the service was very good',
};

const objectOf = (properties: Readonly<Record<string, object>>): JsonObject => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});
const INTEGER = { type: 'integer' };
const STRING = { type: 'string' };

const TEMPLATES: Readonly<Record<KnownTask['kind'], (dice: Dice, isHard: boolean) => Written>> = {
  extraction(dice, isHard) {
    const orders = Array.from({ length: isHard ? NAMES.length : 1 }, (_, at) => ({
      order: 1000 + dice.below(9000),
      name: NAMES[at] ?? '',
      city: dice.pick(CITIES),
      pieces: 1 + dice.below(20),
    }));
    const lines = orders.map(
      ({ order, name, city, pieces }) =>
        `Order ${order}: ${pieces} pieces for ${name}, to be sent to ${city} by the end of the week.`,
    );
    const { order, name, city, pieces } = dice.pick(orders);
    return {
      text: `${lines.join(' ')} Give order, city and pieces of what ${name} ordered.`,
      schema: objectOf({ order: INTEGER, city: STRING, pieces: INTEGER }),
      answer: { order, city, pieces },
      wrong: { order: order + 1, city, pieces },
    };
  },
  arithmetic(dice, isHard) {
    const [boxes, each, sold, price] = [2 + dice.below(30), 2 + dice.below(20), 1 + dice.below(3), 2 + dice.below(9)];
    const all = boxes * each;
    const result = isHard ? (all - sold) * price + boxes : all;
    const more = isHard
      ? ` ${sold} of them are broken and thrown away. Each of the others is sold for ${price} coins, and each empty box for one. How many coins are that?`
      : ' How many pens are that?';
    return {
      text: `${dice.pick(NAMES)} has ${boxes} boxes with ${each} pens in each.${more}`,
      schema: objectOf({ result: INTEGER }),
      answer: { result },
      wrong: { result: result + boxes },
    };
  },
  classification(dice, isHard) {
    const label = dice.pick(LABELS);
    const other = dice.pick(LABELS.filter((one) => one !== label));
    const text = isHard
      ? `A customer writes: "At first I thought that ${SAID[other]}, but no: ${SAID[label]}, and the other thing I take back."`
      : `A customer writes: "I think that ${SAID[label]}."`;
    return {
      text: `${text} Choose one of ${LABELS.join(', ')}.`,
      schema: objectOf({ label: { type: 'string', enum: LABELS } }),
      answer: { label },
      wrong: { label: other },
    };
  },
  form(dice, isHard) {
    const items = Array.from({ length: isHard ? 12 : 1 }, (_, at) => ({
      item: `part ${at + 1}`,
      count: 1 + dice.below(9),
    }));
    const name = dice.pick(NAMES);
    const total = items.reduce((sum, { count }) => sum + count, 0);
    const lines = items.map(
      ({ item, count }) => `${name} takes ${count} of ${item}, which lie in the rack beside the door.`,
    );
    const answer = { name, total, items };
    return {
      text: `${lines.join(' ')} Fill the form: the name, the total, and the items with their counts.`,
      schema: objectOf({
        name: STRING,
        total: INTEGER,
        items: { type: 'array', items: objectOf({ item: STRING, count: INTEGER }) },
      }),
      answer,
      wrong: { ...answer, total: total + 1 },
    };
  },
};
