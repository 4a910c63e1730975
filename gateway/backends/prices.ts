import { matching, scattered } from './goods.js';
import { paced, type Service } from './service.js';

/** Knows what things cost, and knows it fast. */
export function prices(): Service {
  return (text) => {
    const found = matching(text).map(({ product }) => ({ product, price: 19 + scattered(product, 480) }));
    return { total: found.length, rows$: paced(found, 40, 40) };
  };
}
