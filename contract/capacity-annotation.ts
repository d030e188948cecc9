/**
 * Annotation of the API's Deployment while `npm run capacity` measures another number of pods than its own. It has what must be put
 * back, so it is also there after a run that was killed.
 */
export const capacityAnnotation = "breakwater.dev/capacity";
