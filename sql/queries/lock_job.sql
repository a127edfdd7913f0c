select * from exportq.job where id = $1::uuid for update
