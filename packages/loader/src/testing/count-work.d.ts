/** Where the counts are. */
export const tasks: number;
export const copied: number;
export const answered: number;
