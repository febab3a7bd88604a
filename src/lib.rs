use redhook as _;
