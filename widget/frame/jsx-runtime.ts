/* JSX straight to Preact's h: the same as preact/jsx-runtime without what only its server renderer needs. */
import { Fragment, h, type ComponentType, type VNode } from "preact";

export const jsx = (type: string | ComponentType, props: object, key?: string): VNode =>
  h(type as ComponentType, key === undefined ? props : { ...props, key });
export { jsx as jsxs, Fragment };
