/** Places of features on a plane. */
export interface Plane {
  x: number[]
  y: number[]
}
