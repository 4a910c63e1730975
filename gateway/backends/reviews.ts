import { matching, scattered } from './goods.js';
import { paced, type Service } from './service.js';

/** Knows what people think, and takes its time: the one that deadlines are for. */
export function reviews(): Service {
  return (text) => {
    const found = matching(text).map(({ product }) => ({ product, stars: 2.5 + scattered(product, 26) / 10 }));
    return { total: found.length, rows$: paced(found, 240, 100) };
  };
}
