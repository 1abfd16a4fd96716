-- Version 2: whether an event of orders is the whole book or a change of it: `orders_snapshot` or `orders_delta`. Rows of
-- version 1 have none; sent again (from an earlier cursor) they get one.
ALTER TABLE orders ADD COLUMN IF NOT EXISTS kind SYMBOL;
