/** Where in the files each part of a model was written. */
import type { Place } from "./diagnostic.ts";

/** Tells where a model's objects and their properties were written. */
export interface Locator {
  /**
   * The place of `key` of the object, or else of the object itself, or else the start of the
   * configuration.
   */
  place(of: object, key?: string): Place;
}

/** A locator that learns. */
export interface Places extends Locator {
  /** Notes the place of an object (`key` undefined) or of one of its properties. */
  mark(of: object, key: string | undefined, place: Place): void;
  /** Notes that `to` has its properties from where `from` has them. */
  inherit(from: object, to: object): void;
}

/** An empty locator; `start` is the answer for what it does not know. */
export function createPlaces(start: Place): Places {
  const known = new WeakMap<object, Map<string | undefined, Place>>();
  const placesOf = (object: object) => {
    let places = known.get(object);
    if (places === undefined) known.set(object, places = new Map());
    return places;
  };
  return {
    place(of, key) {
      const places = known.get(of);
      return places?.get(key) ?? places?.get(undefined) ?? start;
    },
    mark(of, key, place) {
      placesOf(of).set(key, place);
    },
    inherit(from, to) {
      for (const [key, place] of placesOf(from)) {
        if (key !== undefined) placesOf(to).set(key, place);
      }
    },
  };
}
